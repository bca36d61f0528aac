"""What the finished trials of a study say: leaderboard, winner, baseline, and how certain they are."""
