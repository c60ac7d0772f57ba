-- What somebody asked and was not answered yet: an interaction, or a message of theirs. Written before Discord is told
-- anything, so that after a crash it is known where to look.
CREATE TABLE promises (
    id         INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL,
    by_message INTEGER NOT NULL
);
