"""What is wrong with this machine or this camera, said in words: pure checks of observed facts."""
