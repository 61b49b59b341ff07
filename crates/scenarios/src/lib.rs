//! Acceptance stories by city and article. The stories themselves are in `tests/it`: they run the program as a person
//! would, and look only at what it prints, serves and leaves behind.
