-- Whether members may ask on this server's access where they bring the app along; NULL is as the settings file says.
ALTER TABLE guild_settings ADD COLUMN elsewhere BOOLEAN;
