"""Every error of Parley's own, and what belongs to no single module.

Each module draws its own branch in full; these are the roots.

the process's surroundings
    ConfigurationError      it must not start like this; somebody has to change something
    ├── SettingsError       environment variables are missing or wrong
    └── SecretUnreadable    Secret Manager did not give what a variable points to
the world outside, behind ports
    StoreError              the database could not do what was asked
    ObjectsError            the place for recordings could not
    CarrierError            the telephone network could not
    SpeechError             the speech model could not
    QueueAway               the queue of dial requests did not take one
    AnalystAway             the text model that reads calls could not be asked
    BadAnswer               it answered, but not as it was asked
    SendError               a webhook's receiver could not be reached, or may not be
what others send us
    BadWebhook              a webhook that cannot be read
    BadMessage              a message on a media stream that cannot be read
    BadToken                a stream's token that is missing, forged, used or for another call
    Unidentified            a request without an identity that may come in
    ListError               an upload that cannot be used as a list
    BadLink                 a link to a recording that is forged or too old
    NoSuchRange             a range of bytes that begins behind the end
    Problem                 a request to the JSON API, answered with a problem document
    RuleError               calling rules that contradict themselves
    Contradiction           a time as somebody said it that cannot be
    BadAgent                an agent's document that is wrong
    UnknownAgent            an agent that does not exist
    UnknownTool             a tool that does not exist
    UnusableSchema          a JSON Schema that no value can be held to
    SchemaRefused           a tool's parameters that the speech model would not take
    BadArguments            a tool's arguments that it does not take
    IdentityUnavailable     no token with which to call another function of ours
    ServerAway              an MCP server that cannot be reached
    ToolFailed              an MCP server's tool that did not work
    NobodyThere             an agent who cannot take a caller over
    Forbidden               a tool's request to where it may not go
    TooLarge                a tool's answer that is longer than anything that could be told
the end of something
    LegEnded                the phone's side of a call is gone
    StreamOver              a call's stream ends, and why
our own mistakes
    IllegalTurn             an event for which the floor's table has no row
    IllegalEvent            the same, for an attempt
    IllegalContactEvent     the same, for a contact
    IllegalCampaignEvent    the same, for a campaign

An expected "no" (a contact who may not be called now, a row without a number) is a value, never an exception.
"""

from __future__ import annotations


class ConfigurationError(Exception):
    """The process's surroundings are wrong; it must not start."""
