"""What runs inside a supervised child: one loaded model of a local engine."""
