"""The exercises of each lesson, with the mistakes that are known: lesson_NN.py holds `EXERCISES`."""
