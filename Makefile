# One-line names for what dev.py does; make is not needed for any of it.
.PHONY: app test all bench derivations
app: ; python3 dev.py app
test: ; python3 dev.py test
all: ; python3 dev.py test --all
bench: ; python3 dev.py bench
derivations: ; python3 dev.py derivations
