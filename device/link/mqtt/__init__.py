"""MQTT 5: events and states to a broker, and Home Assistant's discovery of the doors."""
