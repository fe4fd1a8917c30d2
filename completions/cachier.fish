complete --keep-order --exclusive --command cachier --arguments "(CACHIER_COMPLETE=fish cachier -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
