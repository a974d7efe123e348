"""API tokens: an app of its own, so that its table has no elasticc_ name and is published to nobody."""
