2006.2
Any comments:
1 1
'High sev fire-clay loam' 'clay loam' 1 0.1 0.5 1500000.0 0.0003 1.0 12.0
400.0 25.0 30.0 5.0 25.0 15.0
1 25.0 3.6e-05
