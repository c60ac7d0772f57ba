-- Every message that shows an answer or its prompt's card, in threads too, and which of the gateway's messages that is.
ALTER TABLE answers ADD COLUMN prompt_id TEXT;
ALTER TABLE answers ADD COLUMN reply_id TEXT;
CREATE INDEX answers_by_conversation ON answers (conversation_id);
CREATE INDEX answers_by_prompt ON answers (prompt_id);
CREATE INDEX answers_by_reply ON answers (reply_id);
