"""What the finished trials of a study say: leaderboard, winner, baseline, how sure it is."""
