//! Key → server, as the application's own client does it.
