"""What runs on a workstation: published weights in, `models/` pairs out, and the measurements that justify them."""
