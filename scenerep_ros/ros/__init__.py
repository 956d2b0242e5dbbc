"""ROS 2 layer: message conversion, nodes and launch descriptions. Only this package imports rclpy."""
