from rebracket_core.serving.guard.access import names_client as names_client, shows_proxy as shows_proxy
from rebracket_core.serving.guard.api_keys import ApiKeyStore as ApiKeyStore
