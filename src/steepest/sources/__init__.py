"""Where rows come from; one library per file."""
