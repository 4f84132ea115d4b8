2006.2
Any comments:
1 1
'Low sev fire-sandy loam' 'sandy loam' 1 0.1 0.5 400000.0 0.0001 2.0 35.0
400.0 55.0 10.0 5.0 15.0 25.0
1 25.0 0.00036
