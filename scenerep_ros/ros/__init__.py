"""The ROS 2 layer: converts, calls the core, publishes. Only modules below import rclpy."""
