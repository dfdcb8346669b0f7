"""What things are: environments, inventory objects, links, cliques, scans. No I/O."""
