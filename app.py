"""The explorer's entry for Streamlit: `python3 dev.py app`, or `streamlit run app.py`."""

from symgrad.app import main

main()
