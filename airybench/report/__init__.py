"""What the HTML report is made from: answers, claims, examples and the page."""
