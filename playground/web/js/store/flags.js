// Numbers of Discord's that the page needs, named.

/** https://discord.com/developers/docs/resources/message#message-object-message-flags */
export const MessageFlag = { HAS_THREAD: 1 << 5, EPHEMERAL: 1 << 6, LOADING: 1 << 7, COMPONENTS_V2: 1 << 15 };
/** https://discord.com/developers/docs/resources/message#message-object-message-types */
export const MessageType = {
  DEFAULT: 0, RENAMED: 4, PINNED: 6, JOINED: 7, THREAD_CREATED: 18, REPLY: 19, COMMAND: 20, THREAD_STARTER: 21, CONTEXT_COMMAND: 23,
};
/** https://discord.com/developers/docs/resources/channel#channel-object-channel-types */
export const ChannelType = { TEXT: 0, DM: 1, VOICE: 2, CATEGORY: 4, NEWS: 5, PRIVATE_THREAD: 12 };
export const isThread = (channel) => channel.type >= 10 && channel.type <= 12;
/** https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-types */
export const CommandType = { SLASH: 1, USER: 2, MESSAGE: 3 };
/** https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-type */
export const OptionType = {
  SUB_COMMAND: 1, SUB_COMMAND_GROUP: 2, STRING: 3, INTEGER: 4, BOOLEAN: 5, USER: 6, CHANNEL: 7, ROLE: 8, MENTIONABLE: 9, NUMBER: 10, ATTACHMENT: 11,
};
/** https://discord.com/developers/docs/topics/permissions */
export const Permission = { ADMINISTRATOR: 1n << 3n, MANAGE_GUILD: 1n << 5n, MANAGE_MESSAGES: 1n << 13n, MANAGE_THREADS: 1n << 34n };
