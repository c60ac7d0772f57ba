-- name: get_language(member_id)^
SELECT locale FROM languages WHERE member_id = :member_id;

-- name: put_language(member_id, locale)!
INSERT INTO languages (member_id, locale) VALUES (:member_id, :locale)
ON CONFLICT (member_id) DO UPDATE SET locale = excluded.locale;

-- name: delete_language(member_id)!
DELETE FROM languages WHERE member_id = :member_id;
