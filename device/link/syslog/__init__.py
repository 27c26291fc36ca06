"""Events as syslog messages: RFC 5424 over TLS (RFC 5425), TCP (RFC 6587) or UDP (RFC 5426), with CEF on request."""
