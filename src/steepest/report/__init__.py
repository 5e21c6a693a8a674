"""What people see of a fit: functions of facts, which are functions of a fit."""
