//! Use cases through one funnel; Cedar policies; timers.
