"""One patient: from levels to parameters, with their uncertainty."""
