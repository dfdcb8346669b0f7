"""The way of packets between two ends, hop by hop, with what each hop rests on. Pure."""
