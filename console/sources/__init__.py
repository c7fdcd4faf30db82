"""Where a console's knowledge comes from: a gateway's admin API, or a recording of one."""
