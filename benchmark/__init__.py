"""What is measured from outside: the app as a viewer gets it, and the limits of the machine it runs on."""
