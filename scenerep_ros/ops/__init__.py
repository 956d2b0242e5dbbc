"""Operations on label images and feature planes that several stages share."""
