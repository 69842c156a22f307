"""The UiServer: takes in what the roles publish, and gives it to every viewer without waiting for any."""
