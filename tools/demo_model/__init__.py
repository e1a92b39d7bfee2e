"""Recipe of the demonstration model that ships with AetherCreator. See README.md in this folder."""
