"""Other servers, as small as they can be, that give our own figures a scale."""
