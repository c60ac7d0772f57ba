"""Where the app keeps what its handlers need, and a request what the middlewares found out about it."""

from aiohttp import web

from gateway.accounts import AccountPool
from gateway.agents import Agents
from gateway.agents.connection import Timing
from gateway.api.connection import InFlight
from gateway.audit import AuditLog
from gateway.auth import Authenticator
from gateway.config import Config
from gateway.conversations import Conversations
from gateway.copying import Copying
from gateway.limits import Limits
from gateway.metrics import Metrics
from gateway.own_credentials import OwnCredentials
from gateway.personal_data import PersonalData
from gateway.principals import Principal
from gateway.prompting import Prompting
from gateway.readiness import Readiness
from gateway.relaying import Relaying
from gateway.reloading import Reloading
from gateway.routing import Routes
from gateway.search import Search
from gateway.shares import Shares
from gateway.usage import UsageReports
from gateway.user_hash import UserHash
from gateway.users import Users

CONFIG = web.AppKey("CONFIG", Config)
ROUTES = web.AppKey("ROUTES", Routes)
AUTHENTICATOR = web.AppKey("AUTHENTICATOR", Authenticator)
USERS = web.AppKey("USERS", Users)
CONVERSATIONS = web.AppKey("CONVERSATIONS", Conversations)
SHARES = web.AppKey("SHARES", Shares)
COPYING = web.AppKey("COPYING", Copying)
AGENTS = web.AppKey("AGENTS", Agents)
TIMING = web.AppKey("TIMING", Timing)
ACCOUNTS = web.AppKey("ACCOUNTS", AccountPool)
OWN_CREDENTIALS = web.AppKey("OWN_CREDENTIALS", OwnCredentials)
LIMITS = web.AppKey("LIMITS", Limits)
USAGE = web.AppKey("USAGE", UsageReports)
RELAYING = web.AppKey("RELAYING", Relaying)
PROMPTING = web.AppKey("PROMPTING", Prompting)
PERSONAL_DATA = web.AppKey("PERSONAL_DATA", PersonalData)
SEARCH = web.AppKey("SEARCH", Search)
AUDIT = web.AppKey("AUDIT", AuditLog)
IN_FLIGHT = web.AppKey("IN_FLIGHT", InFlight)
USER_HASH = web.AppKey("USER_HASH", UserHash)
METRICS = web.AppKey("METRICS", Metrics)
READINESS = web.AppKey("READINESS", Readiness)
RELOADING = web.AppKey("RELOADING", Reloading)

PRINCIPAL = web.RequestKey("PRINCIPAL", Principal)
REQUEST_ID = web.RequestKey("REQUEST_ID", str)
