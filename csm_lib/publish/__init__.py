"""Run the notebooks for a period, export them, check the pages and publish them in one step."""
