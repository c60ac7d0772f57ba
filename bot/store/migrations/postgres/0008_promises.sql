-- What somebody asked and was not answered yet: an interaction, or a message of theirs. Written before Discord is told
-- anything, so that after a crash it is known where to look.
CREATE TABLE promises (
    id         BIGINT PRIMARY KEY,
    channel_id BIGINT NOT NULL,
    by_message BOOLEAN NOT NULL
);
