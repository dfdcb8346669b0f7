"""Why an instance has no network: the checks of an expert, in their order. Pure."""
