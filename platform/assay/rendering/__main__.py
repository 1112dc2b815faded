from assay.rendering.command import main

main()
