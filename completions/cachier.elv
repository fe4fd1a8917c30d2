set edit:completion:arg-completer[cachier] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) CACHIER_COMPLETE="elvish" cachier -- $@words) | to-lines
}
