"""Every error of Parley's own, and what belongs to no single port.

Each port draws its own branch where it is defined; this is the whole tree.

Exception
├── ConfigurationError          the process must not start like this; somebody has to change its surroundings
│   ├── SettingsError           environment variables are missing or wrong                 shared/settings.py
│   └── SecretUnreadable        Secret Manager did not give what a variable points to      shared/secrets.py
├── StoreError                  the database could not do what was asked                   shared/store/store.py
│   └── AlreadyExists · NotFound · Conflict · BadDocument · StoreUnavailable
├── CarrierError                the telephone network could not do what was asked          shared/telephony/carrier.py
│   └── CallRefused · CarrierBusy · CarrierUnreachable · CallNotActive · OutcomeUnknown
└── SpeechError                 the speech model could not do what was asked               voice/speech/model.py
    └── SpeechRefused · SpeechUnavailable · SessionEnded

An expected "no" (a contact who may not be called now, a row without a number) is a value, never an exception.
"""

from __future__ import annotations


class ConfigurationError(Exception):
    """The process's surroundings are wrong; it must not start."""
