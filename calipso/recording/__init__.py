"""Recording of a cloud's answers, to be scanned again without the cloud."""
