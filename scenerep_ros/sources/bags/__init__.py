"""Access to the messages of ROS 1 and ROS 2 bags."""
