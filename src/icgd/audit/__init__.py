"""What an auditor asks: as recorded? would a rerun agree? would this code train it? why this verdict?"""
