"""Every method that the stand-in knows, by its name in lower case; getUpdates, which waits, stands apart."""

from __future__ import annotations

from collections.abc import Callable

from tests.stand_in import methods_chats as chats
from tests.stand_in import methods_messages as messages
from tests.stand_in import methods_profile as profile
from tests.stand_in import methods_queries as queries
from tests.stand_in.methods_messages import Act
from tests.stand_in.parameters import Parameters
from tests.stand_in.webhooks import Webhooks
from tests.stand_in.world import World

Method = Callable[[World, Parameters], Act]


def methods_with(webhooks: Webhooks) -> dict[str, Method]:
    """Return the methods, those about webhooks bound to the one there is."""
    return {
        "getme": profile.get_me,
        "setmycommands": profile.set_my_commands,
        "getmycommands": profile.get_my_commands,
        "deletemycommands": profile.delete_my_commands,
        "setmyname": profile.setter_of("name", 64, "BOT_TITLE_INVALID"),
        "getmyname": profile.getter_of("name"),
        "setmydescription": profile.setter_of("description", 512, "BOT_DESCRIPTION_INVALID"),
        "getmydescription": profile.getter_of("description"),
        "setmyshortdescription": profile.setter_of("short_description", 120, "BOT_ABOUT_INVALID"),
        "getmyshortdescription": profile.getter_of("short_description"),
        "sendmessage": messages.send_message,
        "editmessagetext": messages.edit_message_text,
        "editmessagereplymarkup": messages.edit_message_reply_markup,
        "deletemessage": messages.delete_message,
        "sendchataction": messages.send_chat_action,
        "answercallbackquery": queries.answer_callback_query,
        "answerinlinequery": queries.answer_inline_query,
        "answerguestquery": queries.answer_guest_query,
        "getchat": chats.get_chat,
        "getchatmember": chats.get_chat_member,
        "getchatadministrators": chats.get_chat_administrators,
        "getchatmembercount": chats.get_chat_member_count,
        "leavechat": chats.leave_chat,
        "setwebhook": webhooks.set,
        "deletewebhook": webhooks.delete,
        "getwebhookinfo": webhooks.info,
    }
