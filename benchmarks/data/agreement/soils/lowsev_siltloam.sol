2006.2
Any comments:
1 1
'Low sev fire-silt loam' 'silt loam' 1 0.1 0.5 1000000.0 0.0005 1.0 24.0
400.0 25.0 15.0 5.0 15.0 15.0
1 25.0 0.00036
