"""The same ports on a desktop: a virtual world of people, badges, a camera and pins."""
