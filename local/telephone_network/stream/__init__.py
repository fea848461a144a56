"""Media streams, as Twilio's end of them."""
