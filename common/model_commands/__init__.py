"""`python main.py models`: list the models, fetch one, check one."""
