-- In which language a member last used Discord, where that is not English.
CREATE TABLE languages (
    member_id BIGINT PRIMARY KEY,
    locale    TEXT NOT NULL
);
