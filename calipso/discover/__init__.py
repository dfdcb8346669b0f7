"""Discovery: sources are asked, objects stored, links and cliques found."""
