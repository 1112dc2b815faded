from preparation.cli import main

raise SystemExit(main())
