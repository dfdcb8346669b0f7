"""Discovery asks the sources, stores objects, and finds links and cliques."""
