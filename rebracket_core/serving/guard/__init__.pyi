from rebracket_core.serving.guard.api_keys import ApiKeyStore as ApiKeyStore
